import './copy.js';
import './theme.js';
import './suggest.js';
import './tabs.js';
