/** What Ada could share, and small pictures of it. */
import type { ListedScreen } from '../bindings/ListedScreen';
import type { ScreenList } from '../bindings/ScreenList';
import type { ShareView } from '../bindings/ShareView';

/** A window with a bar in this colour, and some lines. */
function looks(bar: string, lines: number): string {
  const rows = Array.from({ length: lines }, (_, i) => {
    const width = 90 + ((i * 53) % 70);
    return `<rect x="14" y="${30 + i * 12}" width="${width}" height="5" fill="#8b93a1"/>`;
  });
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="192" height="108"><rect width="192" height="108" fill="#f4f5f7"/><rect width="192" height="18" fill="${bar}"/>${rows.join('')}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(picture)}`;
}

const source = (
  id: string,
  name: string,
  kind: ListedScreen['kind'],
  thumbnail: string | null,
): ListedScreen => ({ id, name, kind, thumbnail });

export const SCREENS: ScreenList = {
  sources: [
    source('screen:eDP-1', 'eDP-1', 'screen', looks('#334155', 5)),
    source('screen:HDMI-1', 'HDMI-1', 'screen', looks('#475569', 3)),
    source(
      'window:0x1',
      'Minutes of the choir – LibreOffice Writer',
      'window',
      looks('#2f6b6f', 6),
    ),
    source('window:0x2', 'Holiday photos', 'window', looks('#b4533f', 2)),
    source('window:0x3', 'مريم – رسائل', 'window', looks('#57508f', 4)),
    source('window:0x4', 'Terminal', 'window', null),
  ],
  problem: null,
};

/** What is shared when this was chosen. */
export function shared(id: string | null): ShareView {
  const found = SCREENS.sources.find((one) => one.id === id);
  if (!found) return { state: 'off', problem: null };
  return { state: 'on', name: found.name, kind: found.kind, hidden: false };
}
