"""Options, the constraints between them, and how they become numbers."""
