#include "app/parse/parse_main.h"

#include <cstdio>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "adapters/sandbox/seccomp_sandbox.h"
#include "app/parse/formats.h"
#include "base/child_process.h"
#include "base/json.h"
#include "documents/chunker.h"
#include "documents/document_json.h"
#include "documents/parse_server.h"

namespace moat::app {
namespace {

constexpr std::string_view kUsage =
    "Prints what Moat reads in a file.\n"
    "\n"
    "  moat parse FILE...            blocks as JSON, one to a line\n"
    "  moat parse --text FILE...     their text only\n"
    "  moat parse --chunks FILE...   the passages that search would find, as JSON\n";

enum class Output { blocks, text, chunks };

json::Object to_json(const documents::Chunk& chunk) {
    json::Array headings;
    for (const std::string& heading : chunk.headings)
        headings.emplace_back(heading);
    return {
        {"headings", std::move(headings)},
        {"text", chunk.text},
        {"pages", json::Array{chunk.first_page, chunk.last_page}},
        {"blocks", json::Array{chunk.first_block, chunk.last_block}},
    };
}

void print_line(std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
}

void print(const documents::Document& document, Output output) {
    if (output == Output::text) {
        for (const documents::Block& block : document.blocks)
            print_line(block.text);
        return;
    }
    print_line(json::write(documents::to_json(document)));
    if (output == Output::blocks) {
        for (const documents::Block& block : document.blocks)
            print_line(json::write(documents::to_json(block)));
    } else {
        for (const documents::Chunk& chunk : documents::chunk_document(document))
            print_line(json::write(to_json(chunk)));
    }
}

int print_files(std::span<char*> files, Output output) {
    const auto program = own_executable();
    if (!program) {
        fmt::print(stderr, "Error: {}\n", program.error().message);
        return 1;
    }
    const auto parser = make_parser_process(*program, 1, {});
    int status = 0;
    for (const std::string_view file : files) {
        const auto document = parser->parse(file, file, {});
        if (document) {
            print(*document, output);
        } else {
            fmt::print(stderr, "Error: {}\n", document.error().message);
            status = 1;
        }
    }
    return status;
}

}  // namespace

int parse_main(int argc, char** argv) {
    std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
    arguments = arguments.subspan(1);
    const std::string_view first = arguments.empty() ? "" : arguments.front();
    if (first == "--child") {
        const Formats formats;
        return documents::serve_parse_requests(formats.registry(), adapters::SeccompSandbox());
    }
    Output output = Output::blocks;
    if (first == "--text" || first == "--chunks") {
        output = first == "--text" ? Output::text : Output::chunks;
        arguments = arguments.subspan(1);
    }
    if (arguments.empty() || std::string_view(arguments.front()).starts_with('-')) {
        fmt::print(stderr, "{}", kUsage);
        return first == "--help" ? 0 : 1;
    }
    return print_files(arguments, output);
}

std::unique_ptr<documents::ParserProcess> make_parser_process(
    const std::string& program, std::size_t max_children, const documents::ParseLimits& limits
) {
    return std::make_unique<documents::ParserProcess>(documents::ParserProcess::Options{
        .command = {program, "parse", "--child"},
        .extensions = Formats().registry().extensions(),
        .max_children = max_children,
        .limits = limits,
    });
}

}  // namespace moat::app
