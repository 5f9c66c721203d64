"""One call over HTTP: attempts, retries, deadline, token."""
