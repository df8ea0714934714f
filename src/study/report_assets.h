/* The files of a report's page, contained in the program as NUL-terminated texts. */
#ifndef BIASCOPE_STUDY_REPORT_ASSETS_H
#define BIASCOPE_STUDY_REPORT_ASSETS_H

extern const char bs_asset_html[], bs_asset_css[], bs_asset_js[];
extern const char bs_asset_vega[], bs_asset_vega_lite[], bs_asset_vega_embed[];

#endif
