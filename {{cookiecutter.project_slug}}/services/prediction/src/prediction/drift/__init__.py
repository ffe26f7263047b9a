"""Drift: does the data of today still look like the data that a model was trained on?"""
