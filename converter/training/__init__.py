"""Training of networks that become packs; needs the extra `train`."""
