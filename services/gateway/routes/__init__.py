"""The HTTP API, a file per subject. A route is one request to one service."""
