// What every page gets. Each part finds its own elements, also in what htmx swaps in.
import "./city.js";
import "./countdown.js";
import "./copy.js";
import "./dialog.js";
import "./menu.js";
import "./toast.js";
import "./wake.js";
import "./zone.js";
