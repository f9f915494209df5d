import { theme } from 'antd';
import { useLayoutEffect } from 'react';

// Hands the colours of Ant Design's theme to styles.css, for the whole page: drawers stand outside
// of the element that opened them.
export function ThemeColours() {
  const { token } = theme.useToken();
  useLayoutEffect(() => {
    const colours = {
      '--line': token.colorBorderSecondary,
      '--side': token.colorFillQuaternary,
      '--page': token.colorBgContainer,
      '--ink': token.colorText,
      '--faint': token.colorTextSecondary,
      '--mark': token.gold2,
      '--mark-line': token.gold6,
      // Shade 7 and 8 keep a contrast of 4.5 as text, in the light theme and in the dark one.
      '--accent': token.blue7,
      '--accent-soft': token.colorPrimaryBg,
      '--error': token.red7,
      '--warning': token.gold8,
    };
    for (const [name, value] of Object.entries(colours)) {
      document.documentElement.style.setProperty(name, value);
    }
  }, [token]);
  return null;
}
