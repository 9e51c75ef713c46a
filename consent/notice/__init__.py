"""The notice: its words, entries and languages, how two compare, its preview, and what no published notice says yet."""
