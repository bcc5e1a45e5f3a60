"""The protocol: who is compared with whom on what, by which measure."""
