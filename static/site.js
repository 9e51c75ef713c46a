// What every page runs. In production the imports are bundled into this one file (config/storage.py).
import "./glossary/search-box.js";
import "./first-use.js";
