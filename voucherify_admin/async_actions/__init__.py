"""Work that is answered with 202 and done by a worker: what was asked, how far it is, what came of each row."""
