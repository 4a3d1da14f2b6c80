const form = document.querySelector("form");
const outcome = document.querySelector("#outcome");

const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  form.elements.token.value = token;
  // Out of the address bar, and out of the history.
  history.replaceState(null, "", location.pathname);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  outcome.textContent = "…";
  try {
    const answer = await fetch("/v1/setup", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    });
    if (answer.ok) {
      form.remove();
      outcome.textContent = "Done. You own this installation; sign in with your e-mail and password.";
      return;
    }
    const problem = await answer.json().catch(() => ({}));
    outcome.textContent = problem.message ?? `The server answered ${answer.status}.`;
  } catch {
    outcome.textContent = "The server does not answer; is it still running?";
  }
  button.disabled = false;
});
