"""The operations API over HTTP and a Unix socket, the page, metrics and health."""
