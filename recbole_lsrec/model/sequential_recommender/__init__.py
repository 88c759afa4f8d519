"""The plugin's models, one file each; ``registry`` finds them by name."""
