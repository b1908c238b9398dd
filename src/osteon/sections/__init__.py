"""The sections of params.yaml: frozen, typed, and refused by the key where they cannot be."""
