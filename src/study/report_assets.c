#include "study/report_assets.h"

/* BIASCOPE_SOURCE_DIR comes from the build. */
#define ASSET(symbol, file)                                                                                            \
  __asm__(".pushsection .rodata\n.global " #symbol "\n" #symbol ":\n.incbin \"" BIASCOPE_SOURCE_DIR "/" file           \
          "\"\n.byte 0\n.popsection\n")

ASSET(bs_asset_html, "src/study/report/report.html");
ASSET(bs_asset_css, "src/study/report/report.css");
ASSET(bs_asset_js, "src/study/report/report.js");
ASSET(bs_asset_vega, "third_party/vega/vega.min.js");
ASSET(bs_asset_vega_lite, "third_party/vega/vega-lite.min.js");
ASSET(bs_asset_vega_embed, "third_party/vega/vega-embed.min.js");
