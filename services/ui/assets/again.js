// Asks for the page again while it waits for something, when somebody looks at it.
setInterval(() => {
  if (document.visibilityState === 'visible') location.reload();
}, 3000);
