"""`videsk-rooms rooms import` and `rooms export`: files of rooms.

    import_.py   export.py    the two commands
    calling.py                the calls that a row takes
    progress.py               the progress bar
    summary.py                the summary of an import
    journal.py                the journal, and the file of results that is made of it
    results.py                the outcome of a row, and which rows are left to do
    rows.py                   the rows of a file, each with the external id of its room
    columns.py                which column is which field
    table.py                  CSV and JSON Lines as text
    formats.py                how a file of rooms is written
    streams.py                opening files, and replacing them as a whole

rows.py, columns.py, table.py and results.py do no I/O.
"""
