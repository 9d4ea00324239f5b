"""Whether a client, or many together, search for a way past the model: rows that come back.

Clients ──▶ Client: places, crowds, strange rows of one │ the same sums over all of them
"""
