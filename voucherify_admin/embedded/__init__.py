"""The default that needs no server: PostgreSQL and Valkey from wheels, run as our children; knows no vouchers."""
