// Modules as one types: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/ with a list, nothing chosen by itself.
const pause = 120;

for (const form of document.querySelectorAll('form[data-suggest]')) setUp(form);

function setUp(form) {
  const input = form.querySelector('input');
  const list = document.createElement('ul');
  list.id = `${input.id}-list`;
  list.className = 'suggestions';
  list.hidden = true;
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Modules');
  form.append(list);
  for (const [name, value] of [
    ['role', 'combobox'],
    ['aria-autocomplete', 'list'],
    ['aria-expanded', 'false'],
    ['aria-controls', list.id],
  ])
    input.setAttribute(name, value);

  let timer;
  let asked = 0;
  let chosen = -1;

  const close = () => {
    clearTimeout(timer);
    asked += 1;
    list.hidden = true;
    choose(-1);
    input.setAttribute('aria-expanded', 'false');
  };

  function choose(index) {
    list.children[chosen]?.setAttribute('aria-selected', 'false');
    chosen = index;
    const option = list.children[chosen];
    option?.setAttribute('aria-selected', 'true');
    option?.scrollIntoView({ block: 'nearest' });
    if (option) input.setAttribute('aria-activedescendant', option.id);
    else input.removeAttribute('aria-activedescendant');
  }

  async function ask() {
    const q = input.value.trim();
    asked += 1;
    const mine = asked;
    if (q.length < 2) return close();
    try {
      const answer = await fetch(`/api/v1/suggest?${new URLSearchParams({ q: q.slice(0, 200), limit: '8' })}`);
      if (mine !== asked) return;
      if (!answer.ok) return close();
      const { items } = await answer.json();
      if (mine === asked) show(items);
    } catch {
      if (mine === asked) close();
    }
  }

  function show(items) {
    if (items.length === 0 || document.activeElement !== input) return close();
    chosen = -1;
    input.removeAttribute('aria-activedescendant');
    list.replaceChildren(
      ...items.map(({ module, synopsis }, index) => {
        const option = document.createElement('li');
        option.id = `${list.id}-${index}`;
        option.setAttribute('role', 'option');
        option.setAttribute('aria-selected', 'false');
        option.dataset.module = module;
        const name = document.createElement('b');
        name.textContent = module;
        const about = document.createElement('span');
        about.textContent = synopsis;
        option.append(name, about);
        return option;
      }),
    );
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
  }

  const open = option => location.assign(`/${option.dataset.module}`);

  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(ask, pause);
  });
  input.addEventListener('keydown', event => {
    if (list.hidden) {
      if (event.key === 'ArrowDown') ask();
      return;
    }
    const { length } = list.children;
    if (event.key === 'ArrowDown') choose(chosen + 1 < length ? chosen + 1 : -1);
    else if (event.key === 'ArrowUp') choose(chosen < 0 ? length - 1 : chosen - 1);
    else if (event.key === 'Escape') close();
    else if (event.key === 'Enter' && chosen >= 0) open(list.children[chosen]);
    else return;
    event.preventDefault();
  });
  input.addEventListener('blur', close);
  // Pressing must not take the focus away, or the list is gone before the click.
  list.addEventListener('mousedown', event => event.preventDefault());
  list.addEventListener('click', event => {
    const option = event.target.closest('[role=option]');
    if (option) open(option);
  });
}

// A slash goes to the search, as on forges; not while something is being written.
document.addEventListener('keydown', event => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest('input, textarea, select, [contenteditable]')) return;
  event.preventDefault();
  document.querySelector('form[data-suggest] input')?.focus();
});
