"""The HTTP side of a service: the edge, raw routes, problem handlers, OpenAPI, probes, server."""
