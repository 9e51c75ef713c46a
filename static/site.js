// What every page runs. In production the imports are bundled into this one file (server/storage.py).
import "./glossary/search-box.js";
import "./first-use.js";
