"""The offer: what is offered, to whom, on which conditions."""
