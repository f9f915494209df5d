#include "app/exposure.h"

#include <algorithm>

#include <fmt/format.h>

namespace moat::app {

bool is_exposed(const Config& config) {
    return !std::ranges::all_of(config.listen, &HostPort::is_loopback) ||
           (config.grpc_listen && !config.grpc_listen->is_loopback());
}

access::KeyRule key_rule(const Config& config) {
    const bool always = config.require_key || (is_exposed(config) && !config.insecure);
    return always ? access::KeyRule::always : access::KeyRule::when_an_admin_key_exists;
}

Status check_exposure(const Config& config, bool has_admin_key) {
    if (!is_exposed(config) || config.insecure || config.tls || has_admin_key) return Ok{};
    const auto open = std::ranges::find_if_not(config.listen, &HostPort::is_loopback);
    const HostPort& address = open == config.listen.end() ? *config.grpc_listen : *open;
    return Error{
        ErrorCode::invalid_argument,
        fmt::format(
            "{0} can be reached from other machines, and there is neither a key nor TLS. Either\n"
            "  - make a key: start `moat serve` without --listen, run `moat key create NAME --role "
            "admin`, start again; or\n"
            "  - encrypt: add --tls-cert FILE --tls-key FILE; or\n"
            "  - say that this network may do anything: add --insecure.\n"
            "{0} 可以从其他机器访问，但既没有密钥也没有 TLS。请任选其一：\n"
            "  - 创建密钥：先不带 --listen 启动 `moat serve`，运行 `moat key create 名称 --role "
            "admin`，再重新启动；\n"
            "  - 加密：加上 --tls-cert 文件 --tls-key 文件；\n"
            "  - 声明网络中的任何人都可以操作：加上 --insecure。",
            address.authority()
        )
    };
}

}  // namespace moat::app
