"""The use: deciding, recording and showing redemptions."""
