"""The API on the wire: arguments to requests, responses to models and errors. No I/O."""
