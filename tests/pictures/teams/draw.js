// In the page: one card, drawn by Microsoft's renderer with a look close to that of Teams. Says what the
// renderer holds against it. Nothing is fetched.

const FONT = '"Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif';

const LOOKS = {
  light: { page: "#f5f5f5", card: "#ffffff", text: "#242424", subtle: "#616161", line: "#e0e0e0",
    accent: "#5b5fc7", good: "#0e700e", warning: "#8a3707", attention: "#b10e1c", box: "#f0f0f0" },
  dark: { page: "#1f1f1f", card: "#292929", text: "#ffffff", subtle: "#adadad", line: "#525252",
    accent: "#9299f7", good: "#5bb85b", warning: "#f4a15d", attention: "#f1707b", box: "#3d3d3d" },
};

function host(look) {
  const both = (strong, weak) => ({ default: strong, subtle: weak });
  const colors = {
    default: both(look.text, look.subtle), dark: both(look.text, look.subtle),
    light: both(look.subtle, look.subtle), accent: both(look.accent, look.accent),
    good: both(look.good, look.good), warning: both(look.warning, look.warning),
    attention: both(look.attention, look.attention),
  };
  const style = (background) => ({ backgroundColor: background, foregroundColors: colors });
  return {
    fontFamily: FONT,
    spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
    separator: { lineThickness: 1, lineColor: look.line },
    supportsInteractivity: true,
    fontTypes: {
      default: { fontFamily: FONT, fontSizes: { small: 12, default: 14, medium: 16, large: 18, extraLarge: 24 },
        fontWeights: { lighter: 300, default: 400, bolder: 600 } },
      monospace: { fontFamily: '"DejaVu Sans Mono", monospace',
        fontSizes: { small: 12, default: 13, medium: 16, large: 18, extraLarge: 24 },
        fontWeights: { lighter: 300, default: 400, bolder: 600 } },
    },
    containerStyles: { default: style(look.card), emphasis: style(look.box), accent: style(look.box),
      good: style(look.box), warning: style(look.box), attention: style(look.box) },
    imageSizes: { small: 32, medium: 52, large: 100 },
    actions: { maxActions: 6, spacing: "default", buttonSpacing: 8, showCard: { actionMode: "inline" },
      actionsOrientation: "horizontal", actionAlignment: "left" },
    adaptiveCard: { allowCustomStyle: false },
    inputs: { label: { inputSpacing: "small", requiredInputs: { weight: "bolder" },
      optionalInputs: { weight: "bolder" } } },
    factSet: { title: { color: "default", size: "default", weight: "bolder", wrap: true, maxWidth: 180 },
      value: { color: "default", size: "default", weight: "default", wrap: true }, spacing: 12 },
  };
}

function css(look) {
  return `
    body { margin: 0; padding: 12px; background: ${look.page}; font-family: ${FONT}; width: 560px; }
    .case { margin: 0 0 14px; }
    .case > p { color: ${look.subtle}; font: 11px ${FONT}; margin: 0 0 4px; }
    .card { border: 1px solid ${look.line}; border-radius: 4px; overflow: hidden; max-width: 520px; }
    .ac-pushButton { background: ${look.card}; color: ${look.text}; border: 1px solid ${look.line};
      border-radius: 4px; padding: 6px 12px; font: 600 14px ${FONT}; min-height: 32px; }
    .ac-pushButton.style-positive { background: ${look.accent}; color: ${look.card}; border-color: ${look.accent}; }
    .ac-pushButton.style-destructive { color: ${look.attention}; border-color: ${look.attention}; }
    .ac-input, .ac-multichoiceInput { font: 14px ${FONT}; color: ${look.text}; background: ${look.box};
      border: 1px solid ${look.line}; border-radius: 4px; padding: 6px 8px; box-sizing: border-box; }
    a { color: ${look.accent}; }
    .ac-textRun, .ac-textBlock { overflow-wrap: anywhere; }`;
}

// eslint-disable-next-line no-unused-vars
function draw(name, card, theme) {
  const look = LOOKS[theme];
  const AC = window.AdaptiveCards;
  let style = document.querySelector("style");
  if (!style) {
    style = document.head.appendChild(document.createElement("style"));
    // Teams reads this little of Markdown: emphasis, lists, links.
    const md = window.markdownit("zero").enable(["emphasis", "list", "link", "newline", "escape"]);
    AC.AdaptiveCard.onProcessMarkdown = (text, result) => {
      result.outputHtml = md.render(text);
      result.didProcess = true;
    };
  }
  style.textContent = css(look);
  const one = new AC.AdaptiveCard();
  one.hostConfig = new AC.HostConfig(host(look));
  const context = new AC.SerializationContext();
  one.parse(card, context);
  const found = [];
  for (let i = 0; i < context.eventCount; i++) found.push(context.getEventAt(i).message);
  for (const event of one.validateProperties().validationEvents) found.push(event.message);
  const room = document.createElement("div");
  room.className = "case";
  const title = room.appendChild(document.createElement("p"));
  title.textContent = name;
  const frame = room.appendChild(document.createElement("div"));
  frame.className = "card";
  frame.appendChild(one.render());
  document.body.appendChild(room);
  // The renderer tests languages with a pattern that remembers its last match, so every other "en" fails.
  return [...new Set(found)].filter((one) => !/^Invalid value "[a-z]{2,3}" for property "lang"\.$/.test(one));
}
