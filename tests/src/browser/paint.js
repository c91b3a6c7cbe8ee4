// A camera that paints: a moving pattern with the stamp that `stamp.rs` describes.
onmessage = ({ data: { width, height, fps, clockOffset, sink } }) => {
  const writer = sink.getWriter();
  const block = width / 40;
  const picture = new Uint8Array((width * height * 3) / 2);
  picture.fill(128, width * height);
  const backgrounds = Array.from({ length: 30 }, (_, n) => background(width, height, n));
  const row = (value, at) => {
    const check = (value ^ (value >> 8) ^ (value >> 16)) & 0xff;
    const word = ((value << 8) | check) >>> 0;
    for (let bit = 0; bit < 32; bit++) {
      const luma = (word >>> (31 - bit)) & 1 ? 235 : 16;
      for (let y = at * block; y < (at + 1) * block; y++) {
        picture.fill(luma, y * width + bit * block, y * width + (bit + 1) * block);
      }
    }
  };
  const start = performance.now();
  let number = 0;
  const next = () => {
    number = Math.max(number + 1, Math.floor(((performance.now() - start) * fps) / 1000));
    picture.set(backgrounds[number % backgrounds.length]);
    row(number & 0xffffff, 0);
    const micros = (performance.timeOrigin + performance.now() + clockOffset) * 1000;
    row(Math.floor(micros / 100) % 0x1000000, 1);
    const layout = { format: "I420", codedWidth: width, codedHeight: height };
    // A camera that is late drops pictures; it never hands over two at once.
    if (writer.desiredSize > 0) {
      writer.write(new VideoFrame(picture, { ...layout, timestamp: Math.round(micros) }));
    }
    const due = start + ((number + 1) * 1000) / fps;
    setTimeout(next, Math.max(0, due - performance.now()));
  };
  next();
};

/** Stripes and blobs that move by a step for each number. */
function background(width, height, number) {
  const luma = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const wave = Math.sin((x + number * 8) / 60) + Math.cos((y - number * 5) / 45);
      luma[y * width + x] = 126 + wave * 40 + ((x ^ y) & 7);
    }
  }
  return luma;
}
