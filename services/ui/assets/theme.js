// Switches at once what the server would write into the page; the cookie is the one that it reads.
for (const form of document.querySelectorAll('form[data-theme-switch]')) {
  form.addEventListener('submit', event => {
    const theme = event.submitter?.value;
    if (theme !== 'light' && theme !== 'dark') return;
    event.preventDefault();
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser
    document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
    document.documentElement.dataset.theme = theme;
    form.querySelector(theme === 'dark' ? '.to-light' : '.to-dark').focus();
  });
}
