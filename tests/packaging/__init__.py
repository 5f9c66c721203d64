"""What is handed out: the built files, what comes of installing them, and what a release needs."""
