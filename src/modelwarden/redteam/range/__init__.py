"""The practice range: small vulnerable models on loopback, exercises with hints and a score.

`generate` makes up data, `learn` and `served` make models of them, `server` and `wire` answer in
two protocols, `exercises` says what there is to do, `guide` writes it into a folder, `score` judges
what was achieved from the reports of the campaigns. Whatever stands before a model – a firewall –
is handed in: it lives in a room of its own.
"""
