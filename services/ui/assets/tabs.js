// The tab that is shown may be beyond the edge of a narrow screen.
const bar = document.querySelector('.tabs');
const shown = bar?.querySelector('[aria-current]');
if (shown) bar.scrollLeft = shown.offsetLeft - bar.offsetLeft - (bar.clientWidth - shown.clientWidth) / 2;
