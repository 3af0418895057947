"""Training of the waves network: on the synthetic heart first, then on recordings of people, split by patient."""
