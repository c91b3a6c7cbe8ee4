// Whether arguments[0] is on, under the pointer at its middle, and stays there for two pictures. The
// pointer moves first, as a hand moves it: what floats over a picture fades away and comes back.
const [element, done] = arguments;
const middle = () => {
  const { left, top, width, height } = element.getBoundingClientRect();
  return [left + width / 2, top + height / 2];
};
const [x, y] = middle();
window.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y }));
requestAnimationFrame(() =>
  requestAnimationFrame(() => {
    const there = document.elementFromPoint(x, y);
    done(!element.disabled && element.contains(there) && String(middle()) === String([x, y]));
  }),
);
