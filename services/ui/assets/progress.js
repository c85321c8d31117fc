// Follows an inclusion by server-sent events, and shows each step as it is reached. What is at the end is the server's
// to tell: the page is asked for again, so that it is the same with and without scripts.
const box = document.querySelector('[data-inclusion]');

if (box) {
  const source = new EventSource(`/api/v1/inclusion/events?id=${encodeURIComponent(box.dataset.inclusion)}`);
  source.addEventListener('inclusion', event => {
    const { state, message, done } = JSON.parse(event.data);
    box.querySelector('[data-message]').textContent = message;
    const steps = [...box.querySelectorAll('[data-step]')];
    const reached = steps.findIndex(({ dataset }) => dataset.step === state);
    for (const [index, step] of steps.entries()) {
      if (reached < 0) break;
      step.className = index <= reached ? 'done' : index === reached + 1 ? 'now' : '';
    }
    if (done) {
      source.close();
      location.reload();
    }
  });
  // Refused, as when too many are followed from here: then as without scripts.
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
  });
}
