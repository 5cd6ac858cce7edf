document.querySelectorAll(".pgmg-figure:not([data-ready])").forEach((root) => {
  root.dataset.ready = "";
  const packed = root.querySelector("script.page");
  if (!packed) return;
  const unpack = async () => {
    const bytes = Uint8Array.from(atob(packed.textContent.trim()), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).text();
  };
  const show = async () => {
    const frame = document.createElement("iframe");
    frame.title = packed.dataset.title;
    frame.setAttribute("sandbox", "allow-scripts");
    frame.style.height = `${packed.dataset.height}px`;
    // the frame cannot see the notebook's theme: a light text colour means a dark theme
    const isDark = () => getComputedStyle(root).color.match(/[\d.]+/g).slice(0, 3).reduce((sum, n) => sum + Number(n), 0) > 382;
    const tell = () => frame.contentWindow && frame.contentWindow.postMessage({ dark: isDark() }, "*");
    frame.srcdoc = (await unpack()).replaceAll("(prefers-color-scheme: dark)", isDark() ? "all" : "not all");
    frame.addEventListener("load", tell);
    const themes = new MutationObserver(() => {
      if (!root.isConnected) themes.disconnect();
      else [0, 100, 600].forEach((wait) => setTimeout(tell, wait)); // a theme's colours are loaded after its name is set
    });
    themes.observe(document.body, { attributes: true });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
    root.insertBefore(frame, root.firstChild);
    for (const still of root.querySelectorAll(".pgmg-picture, figcaption")) still.hidden = true;
    for (const note of root.parentElement.querySelectorAll(".pgmg-note")) note.hidden = true;
  };
  const fold = root.closest("details");
  if (!fold || fold.open) show();
  else fold.addEventListener("toggle", show, { once: true });
});
