"""Chat endpoints: a small fixed set of probes of our own, repeated, judged by canaries.

`chat` is the wire, `canary` makes words that nobody says by chance and finds them again, `probes`
is the set, `probing` asks and counts. Everything works over one seam, `chat.Ask`.
"""
