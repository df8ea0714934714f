// The one C++ file: toml++ parses, and its tree is copied into plain C values. No exception leaves it.
#include "study/toml.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <sstream>
#include <string>
#include <toml++/toml.h>
#include <vector>

extern "C" {
#include "data/text.h"
}

struct bs_toml_document {
  std::string source;
  std::vector<std::string> lines;
  std::deque<std::string> strings;
  std::deque<std::vector<bs_toml>> tables;
  bs_toml root = {}; // of one item, the file's table
};

namespace {

constexpr size_t LONGEST_TEXT = 60;

const char *keep(bs_toml_document &document, std::string text) {
  return document.strings.emplace_back(std::move(text)).c_str();
}

// Byte offset of a column, which toml++ counts in characters.
size_t byte_offset(const std::string &line, size_t column) {
  size_t offset = 0;
  for (size_t seen = 1; offset < line.size() && seen < column; seen++) {
    offset++;
    while (offset < line.size() && (static_cast<unsigned char>(line[offset]) & 0xC0) == 0x80) offset++;
  }
  return offset;
}

// The value as written, as far as its first line goes.
std::string text_of(const bs_toml_document &document, const toml::source_region &region) {
  if (region.begin.line == 0 || region.begin.line > document.lines.size()) return "";
  const std::string &line = document.lines[region.begin.line - 1];
  const size_t begin = byte_offset(line, region.begin.column);
  const size_t end = region.end.line == region.begin.line ? byte_offset(line, region.end.column) : line.size();
  std::string text = line.substr(begin, end - begin);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r' || text.back() == '\t')) text.pop_back();
  if (text.size() > LONGEST_TEXT) text.replace(byte_offset(text, LONGEST_TEXT), std::string::npos, "...");
  return text;
}

bs_toml convert(bs_toml_document &document, const toml::node &node);

void adopt(bs_toml_document &document, bs_toml &parent, std::vector<bs_toml> children) {
  std::vector<bs_toml> &kept = document.tables.emplace_back(std::move(children));
  parent.items = kept.data();
  parent.count = kept.size();
}

void convert_table(bs_toml_document &document, const toml::table &table, bs_toml &value) {
  std::vector<bs_toml> members;
  for (const auto &[key, child] : table) {
    bs_toml member = convert(document, child);
    member.key = keep(document, std::string(key.str()));
    member.key_line = key.source().begin.line;
    member.key_column = key.source().begin.column;
    members.push_back(member);
  }
  std::sort(members.begin(), members.end(), [](const bs_toml &a, const bs_toml &b) {
    return a.key_line != b.key_line ? a.key_line < b.key_line : a.key_column < b.key_column;
  });
  adopt(document, value, std::move(members));
}

bs_toml convert(bs_toml_document &document, const toml::node &node) {
  bs_toml value = {};
  value.line = node.source().begin.line;
  value.column = node.source().begin.column;
  value.text = keep(document, text_of(document, node.source()));
  if (const auto *table = node.as_table()) {
    value.kind = BS_TOML_TABLE;
    convert_table(document, *table, value);
  } else if (const auto *array = node.as_array()) {
    value.kind = BS_TOML_ARRAY;
    std::vector<bs_toml> items;
    for (const auto &item : *array) items.push_back(convert(document, item));
    adopt(document, value, std::move(items));
  } else if (const auto *string = node.as_string()) {
    value.kind = BS_TOML_STRING;
    value.string = keep(document, string->get());
  } else if (const auto *integer = node.as_integer()) {
    value.kind = BS_TOML_INTEGER;
    value.integer = integer->get();
    value.real = static_cast<double>(integer->get());
  } else if (const auto *real = node.as_floating_point()) {
    value.kind = BS_TOML_REAL;
    value.real = real->get();
  } else if (const auto *boolean = node.as_boolean()) {
    value.kind = BS_TOML_BOOLEAN;
    value.boolean = boolean->get();
  } else {
    value.kind = BS_TOML_TIME;
  }
  return value;
}

biascope_status load(const char *path, bs_toml_document &document, biascope_error *error) {
  bs_text text;
  const biascope_status status = bs_text_load(&text, path, error);
  if (status != BIASCOPE_OK) return status;
  try {
    document.source.assign(text.bytes, text.size);
  } catch (...) {
    bs_text_free(&text);
    throw;
  }
  bs_text_free(&text);
  std::stringstream stream(document.source);
  for (std::string line; std::getline(stream, line);) document.lines.push_back(line);
  return BIASCOPE_OK;
}

} // namespace

biascope_status bs_toml_read(const char *path, bs_toml_document **out, const bs_toml **root, biascope_error *error) {
  *out = nullptr;
  bs_toml_document *document = nullptr;
  biascope_status status = BIASCOPE_OK;
  try {
    document = new bs_toml_document;
    status = load(path, *document, error);
    if (status == BIASCOPE_OK) {
      // without the path, which the messages below name: toml++ would copy it where it declares that nothing throws
      const toml::table table = toml::parse(document->source);
      adopt(*document, document->root, {convert(*document, table)});
    }
  } catch (const toml::parse_error &failure) {
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%u:%u: %s", path, failure.source().begin.line,
                     failure.source().begin.column, std::string(failure.description()).c_str());
  } catch (const std::exception &) {
    status = bs_fail_memory(error, "a study's specification");
  }
  if (status != BIASCOPE_OK) {
    delete document;
    return status;
  }
  *root = document->root.items;
  *out = document;
  return status;
}

const char *bs_toml_source(const bs_toml_document *document) {
  return document->source.c_str();
}

void bs_toml_free(bs_toml_document *document) {
  delete document;
}

const bs_toml *bs_toml_member(const bs_toml *table, const char *key) {
  for (size_t i = 0; i < table->count; i++) {
    if (!std::strcmp(table->items[i].key, key)) return &table->items[i];
  }
  return nullptr;
}
