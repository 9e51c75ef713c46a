// What the pages of a term run. In production the imports are bundled into this one file (server/storage.py).
import "./contents.js";
import "./copy.js";
import "./term-cards.js";
