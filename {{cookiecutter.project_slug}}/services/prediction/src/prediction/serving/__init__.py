"""Serving: which models are loaded, how one request is answered, and the routes that do it.

The way of one prediction: `endpoint.PredictEndpoint` → `models.ServedModel.answer` → `decoder.RowDecoder` →
`artifacts.scorer.Scorer` → `answers.AnswerMaker`, with the prediction log written before the answer leaves.
"""
