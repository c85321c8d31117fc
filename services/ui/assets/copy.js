// Buttons that copy a line. They are hidden until there is somebody who can press them.
for (const button of document.querySelectorAll('button[data-copy]')) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const label = button.querySelector('span');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      label.textContent = 'Copied';
    } catch {
      label.textContent = 'Select it';
      getSelection().selectAllChildren(button.previousElementSibling);
    }
    button.classList.add('told');
    setTimeout(() => {
      label.textContent = 'Copy';
      button.classList.remove('told');
    }, 2000);
  });
}
