#include "app/serve_arguments.h"

#include <algorithm>

#include <CLI/CLI.hpp>

namespace moat::app {
namespace {

constexpr const char* kFooter =
    "Settings are also read from config.toml in the data folder and from the environment\n"
    "(MOAT_* and Ollama's OLLAMA_*); flags win.\n"
    "Examples:\n"
    "  moat serve\n"
    "  moat serve --data /srv/moat --listen 0.0.0.0:11434 --tls-cert cert.pem --tls-key key.pem\n"
    "  moat serve --models ~/.ollama/models          # use the models of an Ollama in place\n";

}  // namespace

std::variant<ServeFlags, int> parse_serve_arguments(const std::vector<std::string>& arguments) {
    ServeFlags flags;
    CLI::App app("Run the server", "moat serve");
    app.footer(kFooter);
    app.add_option("--listen", flags.listen, "Address to listen on; may be repeated")
        ->type_name("HOST:PORT")
        ->default_str("127.0.0.1:11434");
    app.add_option("--data", flags.data, "Data folder")->type_name("DIR")->default_str("~/.moat");
    app.add_option("--models", flags.models, "Models, in Ollama's layout")
        ->type_name("DIR")
        ->default_str("models/ in the data folder");
    app.add_option("--tls-cert", flags.tls_certificate, "TLS certificate chain (PEM)")
        ->type_name("FILE");
    app.add_option("--tls-key", flags.tls_key, "TLS key (PEM)")->type_name("FILE");
    app.add_option("--origins", flags.origins, "Web pages that may call, separated by commas")
        ->type_name("LIST");
    app.add_flag("--require-key", flags.require_key, "Every request needs an API key");
    app.add_flag("--insecure", flags.insecure, "Let other machines in without a key or TLS");
    std::vector<std::string> words(arguments.rbegin(), arguments.rend());  // CLI11 wants them so
    try {
        app.parse(words);
    } catch (const CLI::ParseError& end) {
        return app.exit(end);
    }
    return flags;
}

}  // namespace moat::app
