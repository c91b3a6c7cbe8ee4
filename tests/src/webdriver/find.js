// The control whose accessible name is arguments[0], or null. A name that ends in an asterisk
// stands for all that begin so.
const wanted = arguments[0];
const matches = (name) =>
  wanted.endsWith("*") ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
const clean = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const name = (element) => {
  const by = element.getAttribute("aria-labelledby");
  if (by) {
    const texts = by.split(" ").map((id) => document.getElementById(id)?.textContent);
    return clean(texts.join(" "));
  }
  return clean(
    element.getAttribute("aria-label") ??
      (element.labels?.[0]?.textContent || null) ??
      (element.textContent || null) ??
      element.getAttribute("title") ??
      element.getAttribute("placeholder"),
  );
};
const shown = (element) => element.getClientRects().length > 0 && !element.closest("[inert]");
const controls = document.querySelectorAll(
  "button, a[href], input, textarea, select, [role=button], [role=menuitem], [role=img], [role=region], [role=dialog], [role=status], [role=switch], [role=option], [role=radio], [role=tab]",
);
return [...controls].find((element) => shown(element) && matches(name(element))) ?? null;
