"""What holds unless a site says otherwise, without anything to import."""

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 3000
DEFAULT_BODY_LIMIT_BYTES = 2 * 1024 * 1024
RELEASE_TAG = "vigicell-release:latest"
