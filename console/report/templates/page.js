"use strict";
(() => {
  const PIXELS_OF_A_CANDLE = 4;
  const FEWEST_BARS_TO_CHOOSE = 60;
  const ONE_DAY = 24 * 60 * 60 * 1000;

  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  // A figure names its colours by the page's custom properties, so that one figure serves light, dark and paper.
  const painted = (part) => {
    if (Array.isArray(part)) return part;
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(Object.entries(part).map(([key, value]) =>
      [key, key.endsWith("color") ? colour(value) : painted(value)]));
  };

  const axis = (own, width) => ({
    gridcolor: colour("--rule"),
    linecolor: colour("--rule"),
    zeroline: false,
    automargin: true,
    nticks: width < 480 ? 5 : 8,
    ...own,
    title: { ...own.title, font: { size: 12, color: colour("--muted") }, standoff: 8 },
  });

  const laidOut = (layout, width, height) => ({
    width,
    height,
    margin: { l: 8, r: 12, t: 8, b: 8 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("--muted") },
    hoverlabel: {
      bgcolor: colour("--raised"),
      bordercolor: colour("--rule"),
      align: "left",
      font: { size: 12, color: colour("--ink") },
    },
    legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", font: { color: colour("--ink") } },
    // A finger scrolls the page; only a pointer that hovers draws a box to zoom into.
    dragmode: matchMedia("(hover: none)").matches ? false : "zoom",
    ...layout,
    ...Object.fromEntries(Object.entries(layout).filter(([key]) => /^[xy]axis/.test(key))
      .map(([key, own]) => [key, axis(own, width)])),
  });

  const draw = (box, traces, layout) => Plotly.react(
    box, traces.map(painted), laidOut(layout, box.clientWidth, box.clientHeight), { displayModeBar: false });

  const drawCharts = () => {
    for (const box of document.querySelectorAll("[data-chart]")) {
      const figure = data.charts[box.dataset.chart];
      draw(box, figure.data, figure.layout);
    }
  };

  // The stretch of time that the price chart shows, in milliseconds; null is all of it.
  let view = null;

  const inView = (bars) => bars.x.map((start, number) => [Date.parse(start), number])
    .filter(([start]) => !view || (view[0] <= start && start <= view[1]))
    .map(([, number]) => number);

  // Where a bar has room for a candle it gets one; else the closes are a line.
  const barTrace = (bars, width) => {
    const common = { x: bars.x, name: "price", showlegend: false };
    if (inView(bars).length * PIXELS_OF_A_CANDLE > width) {
      return {
        ...common, type: "scatter", mode: "lines", y: bars.close, line: { color: "--price", width: 1.25 },
        hovertemplate: "%{x|%Y-%m-%d %H:%M} close %{y:,.2f}<extra></extra>",
      };
    }
    const { open, high, low, close } = bars;
    return {
      ...common, type: "candlestick", open, high, low, close,
      increasing: { line: { color: "--price", width: 1 }, fillcolor: "--surface" },
      decreasing: { line: { color: "--price", width: 1 }, fillcolor: "--price" },
    };
  };

  const priceRange = (bars) => {
    const numbers = bars && view ? inView(bars) : [];
    if (!numbers.length) return { autorange: true };
    const low = Math.min(...numbers.map((number) => bars.low[number]));
    const high = Math.max(...numbers.map((number) => bars.high[number]));
    const room = (high - low || high) * 0.12;
    return { range: [low - room, high + room] };
  };

  const caption = (chosen, layer) => {
    const few = chosen.drawn < chosen.signals ? `, the newest ${chosen.drawn} drawn` : "";
    const traded = `${byId("symbol").value}: ${chosen.signals} signals${few}, ${layer.trades} traded by ${byId("account").value}.`;
    if (!chosen.bars) return `${traded} No bars are known here: prices are the signals' and the fills' own.`;
    return chosen.bars.together > 1 ? `${traded} ${chosen.bars.together} bars are drawn as one.` : traded;
  };

  const drawPrice = () => {
    const box = byId("price");
    const chosen = data.prices[byId("symbol").value];
    const layer = chosen.layers[byId("account").value];
    const bars = chosen.bars;
    byId("price-caption").textContent = caption(chosen, layer);
    byId("zoom-hint").hidden = !bars;
    byId("span-choice").hidden = !bars || bars.x.length <= FEWEST_BARS_TO_CHOOSE;
    const traces = layer.traces.filter((trace) => trace.x.length);
    return draw(box, bars ? [barTrace(bars, box.clientWidth), ...traces] : traces, {
      hovermode: "closest",
      showlegend: true,
      xaxis: {
        type: "date", rangeslider: { visible: false }, rangebreaks: data.closed,
        ...(view ? { range: view.map((at) => new Date(at).toISOString()) } : { autorange: true }),
      },
      yaxis: { title: { text: "USD" }, tickformat: ",~f", ...priceRange(bars) },
    });
  };

  const show = (stretch) => {
    view = stretch;
    drawPrice();
  };

  const showSpan = () => {
    const { bars } = data.prices[byId("symbol").value];
    const first = bars && byId("span").value ? bars.x.at(-Number(byId("span").value)) : null;
    show(first ? [Date.parse(first), Date.parse(bars.x.at(-1)) + ONE_DAY] : null);
  };

  // Plotly writes the ends of a zoomed axis without a zone; they are UTC as all times here.
  const instant = (written) => Date.parse(/[Zz]$/.test(written) ? written : `${written.replace(" ", "T")}Z`);

  const onZoom = (change) => {
    byId("span").value = "";
    if ("xaxis.range[0]" in change) show([instant(change["xaxis.range[0]"]), instant(change["xaxis.range[1]"])]);
    else if (change["xaxis.autorange"]) show(null);
  };

  const drawAll = () => {
    drawCharts();
    if (byId("price")) drawPrice();
  };

  drawAll();
  if (byId("price")) {
    byId("symbol").addEventListener("change", showSpan);
    byId("span").addEventListener("change", showSpan);
    byId("account").addEventListener("change", drawPrice);
    byId("price").on("plotly_relayout", onZoom);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  let due = 0;
  addEventListener("resize", () => { cancelAnimationFrame(due); due = requestAnimationFrame(drawAll); });
  addEventListener("beforeprint", () => { root.classList.add("paper"); drawAll(); });
  addEventListener("afterprint", () => { root.classList.remove("paper"); drawAll(); });
})();
