"""Hospitals train an image classifier together; only weights leave a hospital.

`server_app.py` runs beside the SuperLink and never imports torch; `client_app.py` runs at every site.
The learning itself is in `model.py`, the images in `data.py`.
"""
