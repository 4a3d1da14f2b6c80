"""The parts of check.py: what deploy/ says of the binary, held to the binary."""
