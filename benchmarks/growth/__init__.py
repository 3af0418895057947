"""How cost grows: with wearables, hop, outputs of a pack, hours of a run, and size of the store."""
